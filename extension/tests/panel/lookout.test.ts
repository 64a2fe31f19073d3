// The browser's own eye, as a stand-in that says what a test has it say.

import { beforeEach, describe, expect, test } from "vitest";
import { type Eye, type Glimpse, Lookout } from "../../panel/lookout";

class FakeEye implements Eye {
  readonly watched: Element[] = [];
  late: Glimpse[] = [];
  see: (glimpses: Glimpse[]) => void = () => {};

  observe(node: Element): void {
    this.watched.push(node);
  }

  takeRecords(): Glimpse[] {
    return this.late.splice(0);
  }
}

const node = document.createElement("button");
let [eye, now] = [new FakeEye(), 0];
let lookout: Lookout;

function glimpse(rest: Partial<Glimpse> = {}): Glimpse {
  return { target: node, time: 0, isIntersecting: true, isVisible: true, ...rest };
}

beforeEach(() => {
  [eye, now] = [new FakeEye(), 1000];
  const open = (see: (glimpses: Glimpse[]) => void) => {
    eye.see = see;
    return eye;
  };
  lookout = new Lookout(open, () => now);
  lookout.watch(node);
});

describe("the browser's eye", () => {
  test("is on what it is told to watch", () => {
    expect(eye.watched).toEqual([node]);
  });

  test("knows nothing of what it has not looked at yet", () => {
    expect(lookout.told(node)).toBe("unsure");
  });

  test("says what it saw last", () => {
    eye.see([glimpse()]);
    expect(lookout.told(node)).toBe("seen");
    eye.see([glimpse(), glimpse({ isVisible: false })]);
    expect(lookout.told(node)).toBe("hidden");
  });

  test("is asked for what it has seen and not told yet", () => {
    eye.see([glimpse()]);
    eye.late = [glimpse({ isVisible: false })];
    expect(lookout.told(node)).toBe("hidden");
  });

  test("is not believed where it says no to what has just come", () => {
    eye.see([glimpse({ isVisible: false, time: 900 })]);
    expect(lookout.told(node)).toBe("unsure");
    now = 1300;
    expect(lookout.told(node)).toBe("hidden");
  });

  test("says nothing of what lies outside the window", () => {
    eye.see([glimpse({ isIntersecting: false, isVisible: false })]);
    expect(lookout.told(node)).toBe("unsure");
  });

  test("is no help in a browser that has none such", () => {
    const { isVisible: _, ...blind } = glimpse();
    eye.see([blind]);
    expect(lookout.told(node)).toBe("unsure");
  });
});
