import { type EnvironmentFolder, type PublishedImage, compareText, keyPath } from "@keelson/model";

/** The images that an environment names for services of a package; of environments that extend each other, the last one's. */
export function publishedImages(
  reference: string,
  { environment, layers }: EnvironmentFolder,
): PublishedImage[] {
  const start = `${reference}/`;
  return Object.entries(environment.value.images ?? {})
    .filter(([key]) => key.startsWith(start) && !key.slice(start.length).includes("/"))
    .map(([key, image]) => {
      const path = keyPath(["images", key]);
      const layer = layers.findLast(({ value }) => Object.hasOwn(value.images ?? {}, key)) ?? environment;
      const { line, column } = layer.positionOf(path);
      const place = { file: layer.file, line, column, path, sourceLine: layer.lineText(line) };
      return { service: key.slice(start.length), image, place };
    })
    .sort((a, b) => compareText(a.service, b.service));
}
