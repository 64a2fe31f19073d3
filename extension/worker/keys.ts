// The keys that open the panel.

/** As the manifest calls it. */
export const COMMAND = "draft";

/** The keys as the browser writes them, "Alt+Shift+Y"; "" where there are none. */
export async function shortcut(commands: Pick<typeof chrome.commands, "getAll">): Promise<string> {
  const all = await commands.getAll();
  return all.find((each) => each.name === COMMAND)?.shortcut ?? "";
}
