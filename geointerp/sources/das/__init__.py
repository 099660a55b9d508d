"""DAS through dascore: what files hold (scan), their samples (reading), files in time order (recording)."""
