/** The version of Keelson: CLI and agent are released together, and a release says which agents can apply it. */
export const keelsonVersion = "0.1.0";
