"""The instructor kit: what a teacher needs to give the exercises to a class and to mark what comes back."""
