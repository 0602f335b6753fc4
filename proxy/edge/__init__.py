"""One outside thing per file; foreign exceptions become ours here and nowhere else."""
