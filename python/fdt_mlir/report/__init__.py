"""What a compilation reports: numbers for people and for tools."""
