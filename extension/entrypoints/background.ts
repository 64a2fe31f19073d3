// The worker: the only part that talks to the service.

import { work } from "../worker/worker";

work({
  browser: chrome,
  fetch: (url, init) => fetch(url, init),
  now: () => Date.now(),
  userAgent: navigator.userAgent,
});
