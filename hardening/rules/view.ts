import type { SettingFacts } from "./settings";

/**
 * What the rules look at: a stack's containers, networks and volumes in neutral terms. The plan and a preview build it
 * from resource inputs; a live check builds the same from what the engine reports.
 */
export interface ContainerView {
  /** How the posture names it. */
  readonly resource: string;
  /** The labels `io.rampart.component` and `io.rampart.name`; empty on a container that is not Rampart's. */
  readonly component: string;
  readonly name: string;
  /** Whether it ever runs: a carrier is only created. */
  readonly runs: boolean;
  readonly image: string;
  readonly user: string;
  readonly privileged: boolean;
  readonly readOnlyRoot: boolean;
  readonly capabilitiesAdded: readonly string[];
  readonly capabilitiesDropped: readonly string[];
  readonly securityOpts: readonly string[];
  readonly memoryMiB: number;
  readonly memorySwapMiB: number;
  readonly cpus: number;
  readonly pids: number;
  readonly restart: { readonly policy: string; readonly maxRetries: number };
  readonly healthCheck: readonly string[];
  readonly namespaces: {
    readonly ipc: string;
    readonly pid: string;
    readonly network: string;
    readonly userns: string;
    readonly uts: string;
    readonly cgroupParent: string;
  };
  readonly devices: number;
  readonly ports: readonly { readonly ip: string; readonly external: number }[];
  readonly mounts: readonly {
    readonly source: string;
    readonly target: string;
    readonly readOnly: boolean;
    readonly host: boolean;
  }[];
  /** Mount options by path. */
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly ulimits: readonly string[];
  readonly logOptions: Readonly<Record<string, string>>;
  readonly networks: readonly string[];
  /** `NAME` of each variable, and whether its value is held as a secret. */
  readonly environment: readonly { readonly name: string; readonly secret: boolean }[];
  readonly stopGraceSeconds: number;
  /** Reasons by the rule that the stack accepts not to hold. */
  readonly accepted: Readonly<Record<string, string>>;
}

export interface NetworkView {
  readonly resource: string;
  /** Rampart's own name: `internal`, not `rampart-prod-internal`. */
  readonly name: string;
  /** The engine's name, as containers refer to it. */
  readonly engineName: string;
  readonly internal: boolean;
  readonly subnet: string;
}

export interface VolumeView {
  readonly resource: string;
  readonly name: string;
  readonly data: boolean;
  readonly protected: boolean;
}

export interface DataFacts {
  /** The time of the judgement, in ISO 8601. */
  readonly at: string;
  readonly database: boolean;
  /** Absent without Redis. */
  readonly redis?: "tls" | "clear";
  /**
   * Of the servers, and of the authority that signed it; in ISO 8601. The authority's is absent where nobody looked.
   */
  readonly certificate: { readonly end: string; readonly renewFrom: string; readonly authorityEnd?: string };
  readonly tenancy: boolean;
  readonly elevations: readonly {
    readonly who: string;
    readonly role: string;
    readonly until: string;
    readonly reason: string;
  }[];
  /** The repository, or false. */
  readonly backups: string | false;
}

/** What a configuration declares and no container shows. */
export interface DeclaredFacts {
  /** Consumers of the Docker API with permissions that reach other containers. */
  readonly dockerApi: readonly {
    readonly resource: string;
    readonly permissions: readonly string[];
    readonly reason: string;
  }[];
  /** Routes that weaken headers of the default set, or leave some to the application. */
  readonly headers: readonly {
    readonly resource: string;
    readonly route: string;
    readonly weak: readonly { readonly name: string; readonly why: string }[];
    /** Sent in place of the default set's, and as good. */
    readonly changed: readonly string[];
    readonly fromApplication: readonly string[];
    readonly reason?: string;
  }[];
  /** Where the logs go besides the engine's files. @default nowhere */
  readonly logSink?: {
    readonly resource: string;
    readonly place: string;
    /** For how long lines are kept, and in how much room, where the stack keeps them itself. */
    readonly kept?: string;
    readonly inClear: boolean;
    readonly reason?: string;
    /** Why the addresses of clients are proof enough for its pages. @default there is a second proof, or no page */
    readonly oneProof?: string;
  };
  /** Secrets that programs on the deploying machine are asked for. @default none */
  readonly secretSources?: readonly {
    readonly resource: string;
    /** The secret's name. */
    readonly name: string;
    /** In a few words, without a secret. */
    readonly source: string;
    /** Whether the stack's file says which program is run. */
    readonly command: boolean;
  }[];
  /** Hosts in maintenance, sorted. */
  readonly maintenance: readonly string[];
  /** Hosts and addresses of examples in a sample of a production stack. */
  readonly placeholders: readonly string[];
  /** The engine's address, where it is reached over the network in clear. */
  readonly plainEngine?: string;
}

/** What a stack accepts for a time although a rule does not hold. */
export interface Exception {
  /** The rule's id. */
  readonly rule: string;
  /** A service's, container's or network's name, the name of a resource, or `stack`. */
  readonly scope: string;
  readonly reason: string;
  /** The last day on which it counts, in UTC: `2027-03-31`. */
  readonly until: string;
}

export interface ExceptionFacts {
  /** The time of the judgement, in ISO 8601. */
  readonly at: string;
  /** The prefix of the stack's resources, which a scope may leave out. */
  readonly prefix: string;
  readonly list: readonly Exception[];
}

export interface EdgeFacts {
  /** An address of the host, or 0.0.0.0. */
  readonly listenAddress: string;
  /** Whether it believes a proxy in front of it. */
  readonly behindProxy: boolean;
}

export interface StackView {
  readonly stack: string;
  readonly environment: "dev" | "staging" | "prod";
  /** What the certificates come from: `self-signed`, `own`, `letsencrypt`, or a directory's URL. */
  readonly certificates: string;
  /** Certificates of one's own. @default none */
  readonly ownCertificates?: readonly {
    readonly names: readonly string[];
    /** In ISO 8601, and how many days from the time of the judgement that is. */
    readonly end: string;
    readonly daysLeft: number;
  }[];
  /** As whom images are pulled, by registry; undefined: by the login of whoever deploys. Absent where nobody says. */
  readonly registries?: Readonly<Record<string, string | undefined>>;
  /** Absent where nobody looked. */
  readonly edge?: EdgeFacts;
  /** How the database provider reaches Postgres; absent without a database. */
  readonly databaseAccess?: "direct" | "forwarder";
  /** What the configuration says of data; absent where no service uses any. */
  readonly data?: DataFacts;
  /** What the engine enforces; absent where no engine was asked. */
  readonly engine?: { readonly appArmor: boolean; readonly seccomp: boolean };
  /** Absent where nobody looked at a configuration. */
  readonly declared?: DeclaredFacts;
  /** Absent where nobody looked at a configuration. */
  readonly settings?: SettingFacts;
  /** @default none */
  readonly exceptions?: ExceptionFacts;
  readonly containers: readonly ContainerView[];
  readonly networks: readonly NetworkView[];
  readonly volumes: readonly VolumeView[];
  readonly images: readonly { readonly resource: string; readonly reference: string }[];
}
