"""The pages of a party's agent: what its people see and decide, made from what their own side has checked itself."""
