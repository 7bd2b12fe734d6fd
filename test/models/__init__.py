"""Models made by this project for its tests and examples, and the reference they are held to."""
