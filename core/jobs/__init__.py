"""Work outside of a request: tasks that run by the clock, and jobs a person has asked for and waits for."""
