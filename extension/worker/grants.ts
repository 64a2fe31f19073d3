// The browser's permission to reach an address.

import { permissionFor } from "./address";

type Browser = Pick<typeof chrome, "permissions" | "runtime">;

/** Give back what pairing asked for. What the manifest itself names stays: Firefox would let go of that too. */
export async function release({ permissions, runtime }: Browser, url: string): Promise<void> {
  const origin = permissionFor(url);
  const { host_permissions = [] } = runtime.getManifest() as { host_permissions?: string[] };
  if (!host_permissions.includes(origin)) await permissions.remove({ origins: [origin] });
}
