# SPDX-License-Identifier: BSD-2-Clause
"""The client in the test machine (busybox's static wget does not survive a name look-up without NSS).

client.py wait URL SECONDS     until it answers 200
client.py count URL TIMES      prints how many answers were 200
client.py get URL              prints the body, whatever the status
"""

import sys
import time
import urllib.error
import urllib.request


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def main(what, url, number="0"):
    if what == "wait":
        deadline = time.monotonic() + float(number)
        while fetch(url)[0] != 200:
            if time.monotonic() > deadline:
                sys.exit(f"nothing answers at {url}: {fetch(url)}")
            time.sleep(0.2)
    elif what == "count":
        print(sum(fetch(url)[0] == 200 for _ in range(int(number))))
    else:
        print(fetch(url)[1])


main(*sys.argv[1:])
