"""What all engines need, however they compute: persons linked over tables, and what was found put into cells."""
