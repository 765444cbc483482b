"""What families share on the way from inputs to numbers; nothing here registers itself."""
