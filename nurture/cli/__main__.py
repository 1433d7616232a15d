"""`python -m nurture.cli`."""

from nurture.cli import main

main()
