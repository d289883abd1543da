import { composeFile } from "../releases.ts";
import { parseFiles } from "../repository-text.ts";

/** A release whose package a person has run by hand before: two services, each with data. */
export const release = `
-- ${composeFile} --
services:
  page:
    image: IMAGES/page:1
    init: true
    stop_grace_period: 1s
    restart: unless-stopped
    environment: { GREETING: hello }
    volumes: ["data:/data"]
  store:
    image: IMAGES/store:1
    init: true
    stop_grace_period: 1s
    restart: unless-stopped
    volumes: ["store:/store"]
volumes: { data: {}, store: {} }
`;

/** Its Compose file. */
export const text = parseFiles(release)[composeFile] ?? "";
