"""What is learnt: a DINOv2-architecture encoder, LoRA, and a light decoder."""
