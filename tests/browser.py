"""A browser without a face: opens the address it is given, and follows where it leads. BROWSER can name it.

CYRANO_TEST_CA names the certificate to trust.
"""

import os
import ssl
import sys

import httpx2

if __name__ == "__main__":
    with httpx2.Client(verify=ssl.create_default_context(cafile=os.environ["CYRANO_TEST_CA"])) as browser:
        browser.get(sys.argv[1], follow_redirects=True).raise_for_status()
