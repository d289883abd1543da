import { describe, expect, it } from "vitest";

import { madeStatus } from "./status-fixture.ts";
import { formatStatusHeading, formatStatusMarkdown } from "./status-markdown.ts";

describe("formatStatusMarkdown", () => {
  it("must show a node with its instances and errors", () => {
    const text = formatStatusMarkdown(
      madeStatus({
        instances: [
          {
            name: "core",
            package: "app/core",
            version: "1.0.0",
            state: "running",
            sync: "in-sync",
            health: "healthy",
            services: [],
          },
        ],
      }),
    );
    expect(text).toContain("# `lab/lab-1`: ready");
    expect(text).toContain("| `core` | `app/core` | `1.0.0` | `running` | `in-sync` | `healthy` |");
    expect(text).not.toContain("| error |");
  });

  it("must tell of a node that is held, and why", () => {
    const { source } = madeStatus();
    const told = (mode: string, because: string) =>
      formatStatusMarkdown(madeStatus({ source: { ...source, target: { mode, because } } }));
    expect(told("hold", "is held at a: b has problems")).toContain(
      "The node `is held at a: b has problems`.",
    );
    expect(told("follow", "follows main")).toBe(formatStatusMarkdown(madeStatus()));
  });

  it("must not let a message be anything but text", () => {
    const message = "``` | <img src=x> [a](b) @all \u202e";
    const error = {
      code: "K3002",
      resource: "web",
      message,
      hint: "",
      outcome: "stalled" as const,
      since: "",
    };
    const text = formatStatusMarkdown(madeStatus({ errors: [error] }));
    expect(text).toContain("| ```` ``` \\| <img src=x> [a](b) @all \\u{202e} ```` |");
  });
});

describe("formatStatusHeading", () => {
  it("must say in one line how the node is, whatever others wrote", () => {
    expect(formatStatusHeading(madeStatus())).toMatch(/^lab\/lab-1: ready, \S/);
    const conditions = madeStatus().conditions.map((each) => ({
      ...each,
      status: "false" as const,
      message: "app\n\u001b[2J is away",
    }));
    expect(formatStatusHeading(madeStatus({ conditions }))).toBe(
      "lab/lab-1: not ready, app\\n\\u{1b}[2J is away",
    );
  });
});
