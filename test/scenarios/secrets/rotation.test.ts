import { writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { compareContainers } from "../fates.ts";
import { findText } from "../footprint.ts";
import { withPlatform } from "../platform.ts";

const release = `
-- release.yaml --
secrets: { token: {} }
-- packages/web/package.yaml --
files:
  - { template: token.liquid, to: sealed/token, onChange: recreate }
  - { template: login.conf.liquid, to: login/login.conf, onChange: restart }
-- packages/web/token.liquid --
{{ secrets.token }}
-- packages/web/login.conf.liquid --
login with {{ secrets.token }}
-- packages/web/compose.yaml --
services:
  sealed: { image: "IMAGES/app:1", secrets: [token] }
  login: { image: "IMAGES/app:1", volumes: ["./login:/etc/login:ro"] }
  other: { image: "IMAGES/app:1" }
secrets: { token: { file: ./sealed/token } }
`;
const [oldToken, newToken] = ["t0ken-of-yesterday", "t0ken-of-today"];

it("a secret that was changed on the node must reach exactly what uses it, and the old one must be gone", async () => {
  await withPlatform({ release, secrets: { app: { token: oldToken } } }, async (platform) => {
    expect((await platform.reconcile()).exitCode).toBe(0);
    expect(await platform.exec("web/sealed", "cat", "/run/secrets/token")).toBe(`${oldToken}\n`);
    const before = await platform.containers();

    await writeFile(platform.secretsFile, `app: { token: ${newToken} }\n`);
    const round = await platform.reconcile();
    expect(compareContainers(before, await platform.containers())).toEqual({
      "web/sealed": "recreated",
      "web/login": "restarted",
    });
    expect(await platform.exec("web/sealed", "cat", "/run/secrets/token")).toBe(`${newToken}\n`);
    expect(await platform.exec("web/login", "cat", "/etc/login/login.conf")).toBe(`login with ${newToken}\n`);
    expect(await findText(platform.stateDir, oldToken)).toEqual([]);
    expect((await findText(platform.stateDir, newToken)).map(({ mode }) => mode)).toEqual(["400", "400"]);
    expect(round.output + JSON.stringify(round.status)).not.toContain(newToken);
    expect(round.exitCode).toBe(0);
    expect((await platform.reconcile()).output).toContain("nothing to do");
  });
});
