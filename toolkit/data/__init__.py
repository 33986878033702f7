"""Files, data frames and named data sets become examples, and examples become batches."""
