// A browser in memory: as much of `chrome` as worker, panel and options page use.

import { readWords } from "../packing/words.mjs";

const { words } = readWords();

// biome-ignore lint/suspicious/noExplicitAny: an event of the browser passes whatever its listeners take
type Listener = (...args: any[]) => unknown;

export class FakeEvent {
  readonly listeners = new Set<Listener>();

  addListener(listener: Listener): void {
    this.listeners.add(listener);
  }

  removeListener(listener: Listener): void {
    this.listeners.delete(listener);
  }

  hasListener(listener: Listener): boolean {
    return this.listeners.has(listener);
  }

  emit(...args: unknown[]): unknown[] {
    return [...this.listeners].map((listener) => listener(...args));
  }
}

/** One end of a Port. What goes in at one end comes out at the other a moment later, as a copy. */
export class FakePort {
  readonly onMessage = new FakeEvent();
  readonly onDisconnect = new FakeEvent();
  readonly name: string;
  readonly sender: unknown;
  other!: FakePort;
  isOpen = true;

  private constructor(name: string, sender: unknown) {
    this.name = name;
    this.sender = sender;
  }

  /** Both ends: that of who connected, and that of who is connected to. */
  static pair(name: string, sender: unknown): [FakePort, FakePort] {
    const near = new FakePort(name, undefined);
    const far = new FakePort(name, sender);
    near.other = far;
    far.other = near;
    return [near, far];
  }

  postMessage(message: unknown): void {
    if (!this.isOpen) throw new Error("Attempting to use a disconnected port object");
    const copy = structuredClone(message);
    queueMicrotask(() => this.other.isOpen && this.other.onMessage.emit(copy, this.other));
  }

  /** Close it; as in a browser, only the other end is told. */
  disconnect(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    queueMicrotask(() => {
      this.other.isOpen = false;
      this.other.onDisconnect.emit(this.other);
    });
  }
}

export class FakeStorage {
  readonly kept = new Map<string, unknown>();
  readonly onChanged = new FakeEvent();
  accessLevel = "TRUSTED_AND_UNTRUSTED_CONTEXTS";

  async get(keys?: string | string[] | null): Promise<Record<string, unknown>> {
    const wanted = keys == null ? [...this.kept.keys()] : [keys].flat();
    return structuredClone(
      Object.fromEntries(wanted.filter((key) => this.kept.has(key)).map((key) => [key, this.kept.get(key)])),
    );
  }

  async set(items: Record<string, unknown>): Promise<void> {
    for (const [key, value] of Object.entries(structuredClone(items))) this.kept.set(key, value);
    this.onChanged.emit(Object.fromEntries(Object.entries(items).map(([key, newValue]) => [key, { newValue }])));
  }

  async remove(keys: string | string[]): Promise<void> {
    for (const key of [keys].flat()) this.kept.delete(key);
    this.onChanged.emit(Object.fromEntries([keys].flat().map((key) => [key, {}])));
  }

  async setAccessLevel({ accessLevel }: { accessLevel: string }): Promise<void> {
    this.accessLevel = accessLevel;
  }
}

export const EXTENSION = "chrome-extension://abcdefghijklmnopabcdefghijklmnop";
export const GMAIL = "https://mail.google.com/mail/u/0/";

/** The stand-in; `chrome` is what the code under test gets. */
export class FakeBrowser {
  readonly local = new FakeStorage();
  readonly granted = new Set(["http://127.0.0.1/*", "https://mail.google.com/*"]);
  /** What the person answers when a permission is asked for. */
  grants = true;
  optionsOpened = 0;
  readonly tabsOpened: string[] = [];
  openTabs: number[] = [];
  readonly toTabs: { tab: number; message: unknown }[] = [];
  language = "en";
  direction = "ltr";

  readonly runtime = {
    id: EXTENSION.replace("chrome-extension://", "") as string | undefined,
    onConnect: new FakeEvent(),
    onMessage: new FakeEvent(),
    onInstalled: new FakeEvent(),
    onStartup: new FakeEvent(),
    lastError: undefined as { message: string } | undefined,
    getURL: (path: string) => `${EXTENSION}/${path}`,
    getManifest: () => ({ version: "0.1.0", host_permissions: ["http://127.0.0.1/*"] }),
    getPlatformInfo: async () => ({ os: "linux" }),
    openOptionsPage: async () => {
      this.optionsOpened += 1;
    },
    connect: ({ name }: { name: string }) => this.connect(name, GMAIL),
    sendMessage: (message: unknown) => this.send(message, GMAIL),
  };

  readonly permissions = {
    onAdded: new FakeEvent(),
    contains: async ({ origins = [] }: { origins?: string[] }) => origins.every((origin) => this.granted.has(origin)),
    getAll: async () => ({ origins: [...this.granted], permissions: ["storage"] }),
    request: async ({ origins = [] }: { origins?: string[] }) => {
      if (this.grants) for (const origin of origins) this.granted.add(origin);
      return this.grants;
    },
    remove: async ({ origins = [] }: { origins?: string[] }) => {
      for (const origin of origins) this.granted.delete(origin);
      return true;
    },
  };

  readonly commands = {
    onCommand: new FakeEvent(),
    shortcut: "Alt+Shift+Y",
    getAll: async () => [{ name: "draft", shortcut: this.commands.shortcut, description: "" }],
  };

  readonly tabs = {
    create: async ({ url }: { url: string }) => {
      this.tabsOpened.push(url);
    },
    query: async () => this.openTabs.map((id) => ({ id })),
    sendMessage: async (tab: number, message: unknown) => {
      this.toTabs.push({ tab, message });
    },
  };

  readonly action = { onClicked: new FakeEvent() };

  readonly i18n = {
    getUILanguage: () => this.language,
    getMessage: (key: string, gaps: string | string[] = []) => {
      if (key === "@@bidi_dir") return this.direction;
      if (key === "@@ui_locale") return this.language;
      return fill(words[this.language]?.[key] ?? words.en?.[key], [gaps].flat());
    },
  };

  get chrome(): typeof chrome {
    const { runtime, permissions, commands, tabs, action, i18n } = this;
    return {
      runtime,
      permissions,
      commands,
      tabs,
      action,
      i18n,
      storage: { local: this.local },
    } as unknown as typeof chrome;
  }

  /** Open a Port as a page at this address would, and return its end. */
  connect(name: string, url: string): FakePort {
    const [near, far] = FakePort.pair(name, { id: this.runtime.id, url, tab: { id: 1 } });
    queueMicrotask(() => this.runtime.onConnect.emit(far));
    return near;
  }

  /** Send a message as a page at this address would, and return the answer. */
  send(message: unknown, url: string): Promise<unknown> {
    return new Promise((resolve) => {
      const sender = { id: this.runtime.id, url, tab: { id: 1 } };
      const kept = this.runtime.onMessage.emit(structuredClone(message), sender, (answer: unknown) =>
        resolve(structuredClone(answer)),
      );
      if (!kept.includes(true)) resolve(undefined);
    });
  }
}

type Words = { message: string; placeholders?: Record<string, { content: string }> } | undefined;

function fill(said: Words, gaps: string[]): string {
  const numbered = (text: string) => text.replace(/\$(\d)/g, (_, digit) => gaps[Number(digit) - 1] ?? "");
  const named = (name: string) => numbered(said?.placeholders?.[name.toLowerCase()]?.content ?? "");
  return numbered((said?.message ?? "").replace(/\$([A-Za-z]\w*)\$/g, (_, name) => named(name))).replaceAll("$$", "$");
}
