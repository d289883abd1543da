import { inspect } from "node:util";
import { digestBytes, jsonSecretPlaceholder, secretPlaceholder } from "@keelson/model";
import { assert, property, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";

import { closedSecrets } from "./closed-secrets.ts";
import { secretsOf } from "./node-secrets.ts";

const key = Buffer.alloc(32, 7);
const secrets = secretsOf(key, new Map([["pryv.adminKey", "s3cr€t$&"]]));
const bytes = (text: string) => new TextEncoder().encode(text);
const codeOf = (code: string): unknown => expect.objectContaining({ code });

describe("owner labels", () => {
  test("tell ours from none and from a forged one", () => {
    const label = secrets.ownerOf("service:lab-core/nginx");
    expect(label).toMatch(/^[0-9a-f]{64}$/);
    expect(secrets.ownershipOf("service:lab-core/nginx", label)).toBe("ours");
    expect(secrets.ownershipOf("service:lab-core/nginx", undefined)).toBe("foreign");
    for (const forged of ["", "x", label.toUpperCase(), `${label.slice(0, -1)}é`, digestBytes("x")]) {
      expect(secrets.ownershipOf("service:lab-core/nginx", forged)).toBe("forged");
    }
  });

  test("cannot be copied to another resource or come from another node", () => {
    const label = secrets.ownerOf("service:lab-core/nginx");
    expect(secrets.ownershipOf("service:lab-core/redis", label)).toBe("forged");
    const other = secretsOf(Buffer.alloc(32, 8), new Map());
    expect(other.ownershipOf("service:lab-core/nginx", label)).toBe("forged");
  });

  test("are no digest of a content with the same bytes", () => {
    // Else whoever gets a file placed would get any label made.
    expect(secrets.keyedDigest(bytes("service:a/b"))).not.toBe(secrets.ownerOf("service:a/b"));
  });
});

describe("filling", () => {
  test("writes a value with the escapes of JSON where that is asked for", () => {
    const odd = secretsOf(key, new Map([["a.b", 'p"\\\n€']]));
    const content = bytes(`{"json":"${jsonSecretPlaceholder("a.b")}"} ${secretPlaceholder("a.b")}`);
    const filled = Buffer.from(odd.fillSecrets(content)).toString();
    expect(filled).toBe('{"json":"p\\"\\\\\\n€"} p"\\\n€');
    expect(JSON.parse(filled.split("} ")[0] + "}")).toEqual({ json: 'p"\\\n€' });
  });

  test("replaces every placeholder by the value's UTF-8 bytes, `$` taken literally", () => {
    const content = bytes(`a=${secretPlaceholder("pryv.adminKey")};b=${secretPlaceholder("pryv.adminKey")}`);
    expect(Buffer.from(secrets.fillSecrets(content)).toString()).toBe("a=s3cr€t$&;b=s3cr€t$&");
  });

  test("leaves all other bytes as they are, whatever they are", () => {
    assert(
      property(uint8Array(), uint8Array(), (before, after) => {
        const content = Buffer.concat([before, bytes(secretPlaceholder("pryv.adminKey")), after]);
        const filled = Buffer.concat([before, bytes("s3cr€t$&"), after]);
        expect(Buffer.from(secrets.fillSecrets(content)).equals(filled)).toBe(true);
      }),
    );
  });

  test("does not look for placeholders inside a value", () => {
    const nested = secretsOf(key, new Map([["a.b", secretPlaceholder("a.b")]]));
    const filled = nested.fillSecrets(bytes(secretPlaceholder("a.b")));
    expect(Buffer.from(filled).toString()).toBe(secretPlaceholder("a.b"));
  });

  test("K5002 names the secret without a value", () => {
    const content = bytes(secretPlaceholder("pryv.other"));
    const missing = expect.objectContaining({
      code: "K5002",
      message: expect.stringContaining("pryv.other"),
    });
    expect(() => secrets.fillSecrets(content)).toThrow(missing);
    expect(secrets.digestContent(content, ["pryv.other"])).toBe(`unknown:${digestBytes(content)}`);
  });
});

describe("digests", () => {
  test("of a content without secrets is its SHA-256, the same on every node and in CI", () => {
    expect(secrets.digestContent(bytes("x"), [])).toBe(digestBytes("x"));
    expect(closedSecrets().digestContent(bytes("x"), [])).toBe(digestBytes("x"));
  });

  test("of a content with secrets is the keyed digest of what lies on the disk then", () => {
    const content = bytes(`k: ${secretPlaceholder("pryv.adminKey")}`);
    const digest = secrets.digestContent(content, ["pryv.adminKey"]);
    expect(digest).toBe(secrets.keyedDigest(secrets.fillSecrets(content)));
    expect(digest).not.toBe(digestBytes(secrets.fillSecrets(content)));
    const changed = secretsOf(key, new Map([["pryv.adminKey", "other"]]));
    expect(changed.digestContent(content, ["pryv.adminKey"])).not.toBe(digest);
  });
});

test("a secret has a value or not", () => {
  expect(secrets.hasValue("pryv.adminKey")).toBe(true);
  expect(secrets.hasValue("pryv.other")).toBe(false);
});

test("a value is plain or not, and is hidden", () => {
  expect(secrets.isPlain("pryv.adminKey")).toBe(false);
  expect(secretsOf(key, new Map([["a.b", "plain"]])).isPlain("a.b")).toBe(true);
  expect(secrets.hideValues("it printed s3cr€t$&")).toBe("it printed ***");
});

test("printing the secrets shows no value", () => {
  const shown = `${inspect(secrets, { depth: 9, showHidden: true })}${JSON.stringify(secrets)}`;
  expect(shown).not.toContain("s3cr");
});

describe("without the node's key", () => {
  const closed = closedSecrets();

  test("what holds a secret is unknown, by the content with its placeholders", () => {
    const content = bytes(secretPlaceholder("pryv.adminKey"));
    expect(closed.digestContent(content, ["pryv.adminKey"])).toBe(`unknown:${digestBytes(content)}`);
  });

  test("nothing is ours and nothing can be filled", () => {
    expect(closed.ownerOf("service:a/b")).toBe("");
    expect(closed.ownershipOf("service:a/b", undefined)).toBe("foreign");
    expect(closed.ownershipOf("service:a/b", "")).toBe("forged");
    expect(closed.hasValue("pryv.adminKey")).toBe(true);
    expect([closed.isPlain("pryv.adminKey"), closed.hideValues("x")]).toEqual([true, "x"]);
    expect(() => closed.fillSecrets(bytes("x"))).toThrow(codeOf("K5002"));
  });
});
