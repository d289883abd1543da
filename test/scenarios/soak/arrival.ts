import type { Status } from "../../../libs/model/src/index.ts";
import { waitFor } from "../../support/index.ts";
import { isReady } from "../node-status.ts";
import type { Container, Platform } from "../platform.ts";
import { type Wish, servicesOf } from "./wish.ts";

const timeoutMs = 120_000;

/** Waits until the node is as the commit says and has reported it to Git; its error tells what was missing last. */
export async function awaitArrival(
  platform: Platform,
  { wish, commit }: { wish: Wish; commit: string },
): Promise<void> {
  const arrived = async () => {
    const containers = await platform.containers();
    const missing = [
      ...differencesOfNames(platform, { wish, containers }),
      ...(await differencesOfContents(platform, wish)),
      ...differencesOfReport((await platform.report()).status, { commit, containers }),
    ];
    if (missing.length > 0) throw new Error(missing.join("\n"));
    return true;
  };
  await waitFor(arrived, { what: `the state of ${commit.slice(0, 8)} ${JSON.stringify(wish)}`, timeoutMs });
}

/** One container for each, with its proper name, and no other. Of a scaled service any may have stayed. */
function differencesOfNames(
  platform: Platform,
  { wish, containers }: { wish: Wish; containers: readonly Container[] },
): string[] {
  const many = `${platform.project("web")}-many-`;
  const unnumbered = (name: string) => (name.startsWith(many) ? name.replace(/\d+$/, "N") : name);
  const wanted = servicesOf(wish)
    .map((service) => service.split("/"))
    .map(([instance = "", name = ""]) => `${unnumbered(`${platform.project(instance)}-${name}-1`)} running`)
    .sort();
  const present = containers.map(({ name, state }) => `${unnumbered(name)} ${state}`).sort();
  const isSame = present.join() === wanted.join();
  return isSame ? [] : [`wanted ${wanted.join(", ")}; there are ${present.join(", ")}`];
}

async function differencesOfContents(platform: Platform, wish: Wish): Promise<string[]> {
  const app = await platform.container("web/app");
  const side = await platform.container("web/side");
  const pairs = {
    "the image of app": [app.image, platform.image(`app:${wish.version}`)],
    "the value in app": [await platform.exec("web/app", "sh", "-c", 'echo "$VALUE"'), `${wish.value}\n`],
    "the file of app": [await platform.exec("web/app", "cat", "/etc/app/app.conf"), `live ${wish.live}\n`],
    "what app has loaded": [await platform.exec("web/app", "cat", "/www/loaded"), `live ${wish.live}\n`],
    "the file of side": [
      await platform.exec("web/side", "cat", "/etc/app/app.conf"),
      `fixed ${wish.fixed}\n`,
    ],
    "the health of side": [side.health, "healthy"],
  };
  return Object.entries(pairs)
    .filter(([, [is, wanted]]) => is !== wanted)
    .map(([what, [is, wanted]]) => `${what} is ${JSON.stringify(is)} and not ${JSON.stringify(wanted)}`);
}

function differencesOfReport(
  status: Status,
  { commit, containers }: { commit: string; containers: readonly Container[] },
): string[] {
  const { attempted, applied } = status.source;
  const differing = status.instances.flatMap(({ name: instance, services }) =>
    services.filter(({ name, digest }) => {
      const project = `${status.node.environment}-${instance}`;
      const labels = containers
        .filter((each) => each.project === project && each.service === name)
        .map((each) => each.labels["io.keelson.digest"]);
      // Of a service of scale 0 there is nothing to have.
      const all = labels.length === 0 ? [] : [digest.have, ...labels];
      return all.some((each) => each !== digest.want);
    }),
  );
  return [
    ...(isReady(status) ? [] : [`it reports ${JSON.stringify(status.errors)}, and is not ready`]),
    ...(attempted === commit && applied === commit ? [] : [`it reports ${applied} as applied`]),
    ...differing.map(({ name }) => `the digest of ${name} differs`),
  ];
}
