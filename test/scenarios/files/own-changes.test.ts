import { describe, expect, it } from "vitest";
import { expectReady, expectUntouched } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";

/** Each changes its configuration whenever it starts, in the ways that images have. */
const release = `
-- packages/web/package.yaml --
files:
  - { template: app.ini, to: closed/app.ini }
  - { template: app.ini, to: live/app.ini, onChange: restart }
  - { template: app.ini, to: told/app.ini, onChange: "signal:HUP" }
  - { template: app.ini, to: single.ini }
  - { template: app.ini, to: open/app.ini, onChange: restart, writable: true }
  - { template: app.ini, to: taken/app.ini, onChange: restart, writable: true }
  - { template: app.ini, to: taken-anew/app.ini, writable: true }
-- packages/web/compose.yaml --
x-app: &app
  image: IMAGES/web:1
  restart: unless-stopped
  command: [sh, -c, "chown -R 1000:1000 /conf; chmod 0600 /conf/app.ini; echo migrated >> /conf/app.ini; rm -f /conf/app.ini.new; cp /conf/app.ini /tmp/new && mv /tmp/new /conf/app.ini; exec httpd -f -p 8080 -h /conf"]
services:
  closed: { <<: *app, volumes: ["./closed:/conf"] }
  live: { <<: *app, volumes: ["./live:/conf"] }
  told: { <<: *app, volumes: ["./told:/conf"] }
  single: { <<: *app, volumes: ["./single.ini:/conf/app.ini"] }
  open: { <<: *app, volumes: ["./open:/conf"] }
  taken: &taken
    <<: *app
    command: [sh, -c, "mv /conf/app.ini /conf/app.ini.migrated; exec httpd -f -p 8080 -h /conf"]
    volumes: ["./taken:/conf"]
  taken-anew: { <<: *taken, volumes: ["./taken-anew:/conf"] }
-- packages/web/app.ini --
from Git
`;

describe("a program that changes its own configuration whenever it starts", () => {
  const platform = usePlatform({ release });

  it("must not be restarted for it, in whatever way the file is bound", async () => {
    // A file that its program has taken away by now is missing.
    expect((await platform().reconcile()).status.errors).toEqual([]);
    const before = await platform().containers();
    for (const service of ["closed", "live", "told", "single"]) {
      expect([service, await platform().pageOf(`web/${service}`, "/app.ini")]).toEqual([
        service,
        "from Git\n",
      ]);
    }
    const own = await platform().exec("web/open", "cat", "/conf/app.ini");
    expect(own).toBe("from Git\nmigrated\n");
    for (const round of [await platform().reconcile(), await platform().reconcile()]) {
      expectReady(round);
      await expectUntouched(platform(), before);
    }
    expect(await platform().exec("web/open", "cat", "/conf/app.ini")).toBe(own);
    for (const service of ["taken", "taken-anew"]) {
      const files = await platform().exec(`web/${service}`, "ls", "-1", "/conf");
      expect([service, files]).toEqual([service, "app.ini\napp.ini.migrated\n"]);
    }
  });
});
