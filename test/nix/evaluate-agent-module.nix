# The module of packaging/nix with these settings, which are JSON, and what test/nix/option-lib.nix can tell of it.
{ settings }:
let
  lib = import ./option-lib.nix;
  flake.packages.x86_64-linux.keelson = "/keelson";
  pkgs = {
    stdenv.hostPlatform.system = "x86_64-linux";
    formats.json = { }: { generate = name: value: { inherit name value; }; };
    coreutils = "/coreutils";
    docker-compose = "/docker-compose";
    git = "/git";
    openssh = "/openssh";
    util-linux = "/util-linux";
  };
  config.services.keelson-agent = lib.valuesOf "services.keelson-agent" options {
    enable = true;
    settings = builtins.fromJSON settings;
  };
  module = import ../../packaging/nix/agent-module.nix flake { inherit config lib pkgs; };
  options = module.options.services.keelson-agent;
in
{
  schema = lib.schemaOf options;
  service = module.config.systemd.services.keelson-agent;
  environment = module.config.environment;
  assertions = module.config.assertions;
}
