# nixosModules.agent of flake.nix: the agent as a service of NixOS, with packaging/keelson-agent.service as its unit.
#
# test/nix/agent-module.test.ts evaluates this file with a real Nix and a small `lib` of its own, and compares the options
# with schemas/agent.schema.json and the service with the unit. With nixpkgs' own `lib` (26.11) it was evaluated once, by
# hand; with the other modules of NixOS never, and no NixOS has been built from it.
flake:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.keelson-agent;

  required = type: description: mkOption { inherit type description; };
  preset =
    default: type: description:
    mkOption { inherit default type description; };
  optional = type: preset null (types.nullOr type);
  section = options: types.submodule { inherit options; };

  # What agent.yaml takes. The agent reads the file again, and also refuses what no type can say.
  name = types.strMatching "[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?";
  duration = types.strMatching "([0-9]+(ms|s|m|h|d))+";
  text = types.nonEmptyStr;
  # Strings only: Nix copies a file that is named by a path, such as ./token, where everybody can read it.
  absolutePath = types.strMatching "/.*";
  hostPath = types.strMatching "/([^/]+(/[^/]+)*)?";
  command = types.nonEmptyListOf text;
  credential = types.attrTag {
    file = required text "A file with the login.";
    command = required command "A program with its arguments that prints the login.";
  };

  listed = type: optional (types.listOf type);
  allOr = types.either (types.enum [ "all" ]);
  grants = section {
    paths = optional (types.attrsOf (section {
      path = required hostPath "Where it lies.";
      readOnly = preset false types.bool "It may be bound read-only, and not otherwise.";
      nested = preset false types.bool "Binds below what a container can write are permitted there.";
    })) "Named folders and files of the host.";
    engineSocket = optional types.bool "The engine's socket, with which a container is root on the node.";
    capabilities = listed text "Capabilities beyond those that the engine gives by default.";
    devices = listed hostPath "Devices by their path.";
    deviceRules = listed text "Devices by their number, as `device_cgroup_rules` has them.";
    gpus = optional types.bool "Graphics processors by the engine's own way.";
    runtimes = listed text "Runtimes of the engine beside its default.";
    namespaces = listed (types.either
      (types.enum [
        "network"
        "pid"
        "ipc"
        "uts"
        "user"
        "cgroup"
      ])
      (types.strMatching "(network|pid|ipc):container:[a-zA-Z0-9][a-zA-Z0-9_.-]*")
    ) "Namespaces of the host, and of containers of other instances.";
    privileged = optional types.bool "Privileged containers, which are root on the node.";
    networks = listed text "Networks of the engine that somebody else has made.";
    volumes = listed text "Volumes of the engine that somebody else has made.";
    mounts = listed text "What volumes with `driver_opts` may mount.";
    sysctls = listed text "Kernel settings beyond the network namespace's own.";
    securityOptions = listed text "Options of `security_opt`.";
    subnets = listed text "Subnets of networks beyond private ranges.";
    networkDrivers = listed text "Drivers of networks, with the interface of the host.";
    volumeDrivers = listed text "Plugins of the engine that make volumes.";
    loggingAddresses = listed text "Where the engine may send logs.";
    adopt = optional (allOr (types.listOf text)) "Compose projects that Git may take over: their names, or `\"all\"`.";
    nested = optional types.bool "Binds below what a container can write are permitted everywhere.";
  };

  settings = {
    environment = required name "The environment that the node belongs to.";
    node = required name "The node's name there.";
    source = {
      url = required text "URL of the state repository, or a path of this machine.";
      branch = preset "main" text "The branch that is followed.";
      credential = optional credential "How to log in to it: one of the two below.";
      knownHosts = optional absolutePath "For ssh: the file with the keys of the hosts that are trusted.";
    };
    report = {
      as = preset "notes" (types.enum [
        "notes"
        "branch"
        "none"
      ]) "How the status is written into Git.";
      url = optional text "Another repository for it; without it the source.";
      credential = optional credential "How to log in there; without `report.url` that of the source.";
      heartbeat = preset "1h" duration "How often it is written when nothing changes.";
    };
    interval = preset "60s" duration "How often the agent polls for a new commit.";
    stateDir = preset "/var/lib/keelson" absolutePath "Where the node keeps what it placed.";
    keyFile = preset "/etc/keelson/node.key" absolutePath "The node's key, made at the first run.";
    allow = optional (allOr grants) "What this node permits at most, or `\"all\"`.";
    dataDir = optional absolutePath "Where data folders of instances lie; without it `data/` in `stateDir`.";
    dataFolders = optional (types.attrsOf absolutePath) "Where the data of an instance lies already, by instance.";
    age = optional (section {
      keyFile = required absolutePath "Its file; without it `age.key` beside the node's key.";
    }) "The key with which the node opens secrets from Git.";
    secretsFile = optional absolutePath "The values of the secrets, mode 0600.";
    dockerHost = optional text "The engine's address; without it the standard socket.";
    dockerConfig = optional absolutePath "Docker's `config.json` with the logins to image registries; without it root's.";
    monitor = optional (section {
      socket = optional absolutePath "A Unix socket.";
      port = optional (types.ints.between 1 65535) "A port of the loopback address.";
    }) "Where the agent answers `/healthz`, `/readyz` and `/metrics`.";
    notify = optional (section {
      command = optional command "A program with its arguments.";
      webhook = optional (section {
        url = required (types.strMatching "https?://[^[:space:]/].*") "Where the notification is posted to.";
        credential = optional credential "How to log in there.";
      }) "A URL that the notification is posted to.";
    }) "Whom the agent tells that the node became ready, not ready or stalled.";
    timeouts = {
      git = preset "60s" duration "A fetch.";
      pull = preset "15m" duration "The pull of an image.";
      stop = preset "10m" duration "What a container gets at most to end by itself.";
      trial = preset "15m" duration "What a service gets at most to come up.";
    };
    limits.fileBytes = preset 16777216 (types.ints.between 1 33554432) "The largest file of the repository, in bytes.";
  };

  secretFiles =
    let
      inherit (cfg.settings) source report notify;
      logins = [
        source.credential
        report.credential
        (if notify == null || notify.webhook == null then null else notify.webhook.credential)
      ];
      files = map (login: if login == null then null else login.file or null) logins;
    in
    files
    ++ (with cfg.settings; [
      keyFile
      (if age == null then null else age.keyFile)
      secretsFile
      dockerConfig
    ]);
  isInStore = path: path != null && lib.hasPrefix builtins.storeDir path;
in
{
  _file = ./agent-module.nix;

  options.services.keelson-agent = {
    enable = lib.mkEnableOption "the Keelson agent, which keeps this node at what Git says";
    package = mkOption {
      type = types.package;
      default = flake.packages.${pkgs.stdenv.hostPlatform.system}.keelson;
      defaultText = lib.literalMD "`keelson` of the flake that this module is of";
      description = "The package with `keelson` and `keelson-agent`.";
    };
    inherit settings;
    configFile = mkOption {
      type = types.path;
      # JSON, which is YAML 1.2 too: what writes YAML 1.1 leaves a name such as 1e3 without quotes, and 1.2 has a number there.
      default = (pkgs.formats.json { }).generate "agent.yaml" (
        lib.filterAttrsRecursive (_: value: value != null) cfg.settings
      );
      defaultText = lib.literalMD "made of `settings`";
      description = "An agent.yaml, in place of `settings`.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = !(lib.any isInStore secretFiles);
        message = "services.keelson-agent.settings names a file of the Nix store as a secret: every user of the machine can read it there.";
      }
      {
        assertion = with cfg.settings; notify == null || notify.command != null || notify.webhook != null;
        message = "services.keelson-agent.settings.notify must name whom to tell: command, webhook or both.";
      }
    ];

    environment.etc."keelson/agent.yaml".source = cfg.configFile;
    # NixOS makes this folder, and systemd then leaves its mode as it is.
    systemd.tmpfiles.rules = [ "d /etc/keelson 0700 root root -" ];
    environment.systemPackages = [ cfg.package ];
    # NixOS has no folder in which Keelson looks for Compose.
    environment.variables.KEELSON_COMPOSE = "${pkgs.docker-compose}/bin/docker-compose";

    systemd.services.keelson-agent = {
      description = "Keeps this node at the state that its environment has in Git";
      documentation = [ "man:keelson-agent(1)" ];
      wants = [ "network-online.target" ];
      after = [
        "network-online.target"
        "docker.service"
      ];
      wantedBy = [ "multi-user.target" ];
      path = [
        pkgs.git
        pkgs.openssh
        pkgs.util-linux
      ];
      environment.KEELSON_COMPOSE = "${pkgs.docker-compose}/bin/docker-compose";
      # Why each line is there: packaging/keelson-agent.service.
      serviceConfig = {
        Type = "exec";
        ExecStart = "${cfg.package}/bin/keelson-agent run";
        ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
        Restart = "always";
        RestartSec = 5;
        RestartPreventExitStatus = 2;
        KillMode = "mixed";
        TimeoutStopSec = "5min";
        User = "root";
        UMask = "0077";
        StateDirectory = "keelson";
        StateDirectoryMode = "0700";
        CacheDirectory = "keelson";
        CacheDirectoryMode = "0700";
        ConfigurationDirectory = "keelson";
        ConfigurationDirectoryMode = "0700";
        ProtectSystem = "strict";
        ReadWritePaths = "/etc/keelson";
        ProtectHome = "read-only";
        PrivateTmp = true;
        PrivateDevices = true;
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        CapabilityBoundingSet = "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER";
        NoNewPrivileges = true;
        RestrictAddressFamilies = "AF_UNIX AF_INET AF_INET6 AF_NETLINK";
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        LockPersonality = true;
        RemoveIPC = true;
        SystemCallArchitectures = "native";
        SystemCallFilter = "@system-service";
        SystemCallErrorNumber = "EPERM";
      };
    };
  };
}
