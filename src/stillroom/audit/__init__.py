"""What published tables leak: attacks on tables, and checks of a room through its client."""
