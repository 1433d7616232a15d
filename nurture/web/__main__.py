"""`python -m nurture.web`: the web server of an installation, told by its environment."""

import os

from nurture.settings import from_env
from nurture.web.serving import serve

if __name__ == "__main__":
    serve(from_env(os.environ))
