"""What each page shows, one noun a file."""
