"""`python -m lstmkit.course …` is `lstmkit …`."""

import sys

from lstmkit.course import main

sys.exit(main())
