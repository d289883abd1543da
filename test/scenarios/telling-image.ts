import type { ImageSpec } from "../support/index.ts";

/**
 * An image that tells what happened to it: at /loaded the file /etc/app/app.conf as it was read last, at /events one
 * word for each time that it was read, of `start`, `hup` and `exec`. `/bin/reload` reads it on demand.
 */
export const tellingImage: Omit<ImageSpec, "tag"> = {
  files: {
    "/bin/load": {
      content: '#!/bin/sh\ncp /etc/app/app.conf /www/loaded\necho "$1" >> /www/events\n',
      mode: 0o755,
    },
    "/bin/reload": { content: "#!/bin/sh\nload exec\n", mode: 0o755 },
    "/bin/app": {
      content: `#!/bin/sh
trap 'exit 0' TERM INT
trap 'load hup' HUP
load start
httpd -f -p 8080 -h /www &
while kill -0 $! 2>/dev/null; do wait $!; done
`,
      mode: 0o755,
    },
  },
  command: ["/bin/app"],
};
