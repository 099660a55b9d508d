"""``python -m geointerp`` is the program ``geointerp``."""

from geointerp.cli import main

if __name__ == "__main__":
    main()
