import { expect, test } from "vitest";
import {
  buildImageArchive,
  checkout,
  findLeftovers,
  loadImages,
  outputOf,
  removeImages,
  removeProjects,
  sharedEngine,
  startRegistry,
  uniqueName,
  waitFor,
} from "./index.ts";

test("the same input gives the same bytes and image id, other input another one", async () => {
  const spec = {
    tag: "keelson-test/page:1.0.0",
    files: { "/a": "1", "/b": "2" },
    labels: { one: "1", two: "2" },
  };
  const first = await buildImageArchive(spec);
  const again = await buildImageArchive({
    ...spec,
    files: { "/b": "2", "/a": "1" },
    labels: { two: "2", one: "1" },
  });
  expect(again.imageId).toBe(first.imageId);
  expect(again.archive.equals(first.archive)).toBe(true);
  const other = await buildImageArchive({ ...spec, files: { "/a": "1", "/b": "3" } });
  expect(other.imageId).not.toBe(first.imageId);
});

test("an image carries its page, files, command, user and labels", async () => {
  const docker = await sharedEngine();
  const name = uniqueName("page");
  const tag = `keelson-test/${name}:2.1.0`;
  try {
    const image = await buildImageArchive({
      tag,
      files: {
        "/opt/tool": { content: "#!/bin/sh\ncat /www/index.html; id -un; touch /tmp/x\n", mode: 0o755 },
      },
      command: ["/opt/tool"],
      labels: { "org.example.kind": "test" },
      user: "app",
    });
    await loadImages(docker, [image]);
    const { Id, Config } = await docker.getImage(tag).inspect();
    expect(Id).toBe(image.imageId);
    expect(Config.Labels).toEqual({ "org.example.kind": "test" });
    const run = await docker.createContainer({ Image: tag, name, HostConfig: { NetworkMode: "none" } });
    await run.start();
    expect(await run.wait()).toEqual({ Error: null, StatusCode: 0 });
    expect((await run.logs({ stdout: true, stderr: true })).toString()).toMatch(
      new RegExp(`${name} 2\\.1\\.0\n[^a-z]*app\n`),
    );
  } finally {
    await removeProjects(docker, name);
    await removeImages(docker, [tag]);
  }
});

test("the default command serves, survives a hangup and answers a stop at once", async () => {
  const docker = await sharedEngine();
  const name = uniqueName("serve");
  const tag = `keelson-sample/${name}:1.0.0`;
  try {
    await outputOf([process.execPath, "script/sample-images.ts", tag], { cwd: checkout });
    const network = await docker.createNetwork({ Name: name });
    const container = await docker.createContainer({ Image: tag, name, HostConfig: { NetworkMode: name } });
    await container.start();
    await container.kill({ signal: "HUP" });
    const { NetworkSettings } = await container.inspect();
    const address = NetworkSettings.Networks[name]?.IPAddress;
    const page = await waitFor(async () => await (await fetch(`http://${address}:8080/`)).text(), {
      what: "the page",
    });
    expect(page).toBe(`${name} 1.0.0\n`);
    await container.stop({ t: 10 });
    expect(await findLeftovers(docker, name)).toEqual({ containers: [name], networks: [name], volumes: [] });
    expect(network.id).toBeTruthy();
  } finally {
    await removeProjects(docker, name);
    await removeImages(docker, [tag]);
  }
  expect(await findLeftovers(docker, name)).toEqual({ containers: [], networks: [], volumes: [] });
});

test("a registry gives back by reference and by digest what was pushed, to whoever may have it", async () => {
  const docker = await sharedEngine();
  const credentials = { username: "ada", password: "s3cret" };
  await using registry = await startRegistry({ credentials });
  const name = uniqueName("pull");
  const tag = `keelson-test/${name}:1.0.0`;
  const made = [tag];
  try {
    await loadImages(docker, [await buildImageArchive({ tag })]);
    const { reference, pinned } = await registry.push(docker, tag);
    expect(reference).toBe(`${registry.host}/${tag}`);
    await expect(docker.getImage(reference).inspect()).rejects.toMatchObject({ statusCode: 404 });
    await expect(docker.pull(reference)).rejects.toThrow(/no basic auth credentials|unauthorized/);
    for (const wanted of [reference, pinned]) {
      const stream = await docker.pull(wanted, {
        authconfig: { ...credentials, serveraddress: registry.host },
      });
      made.push(wanted);
      await new Promise<void>((resolve, reject) => {
        docker.modem.followProgress(stream, (error) => (error === null ? resolve() : reject(error)));
      });
      expect((await docker.getImage(wanted).inspect()).RepoDigests).toContain(pinned);
    }
    registry.setBehaviour({ kind: "fail", status: 500 });
    await expect(docker.pull(reference)).rejects.toThrow(/500/);
  } finally {
    await removeImages(docker, made);
  }
});
