"""Pure geometry: where tiles lie and what they weigh, views, blocks and regions. Neither torch nor files."""
