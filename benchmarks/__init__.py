"""What measures the course; each module prints its own table."""
