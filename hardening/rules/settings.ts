/** What a stack's file says that no container shows: for the rules over routes, services, servers and operation. */

export interface RouteFacts {
  /** The service's. */
  readonly resource: string;
  /** The URL that it serves. */
  readonly route: string;
  /** Of one client, over a long time; and at once. */
  readonly requestsPerSecond: number;
  readonly burst: number;
  readonly inFlight: { readonly perClient: number; readonly total: number };
  readonly maxBodyMiB: number;
  readonly maxHeaderKiB: number;
  readonly timeouts: {
    readonly requestSeconds: number;
    readonly responseSeconds: number;
    readonly streamSeconds: number;
  };
  readonly webSocket: boolean;
  /** Origins other than the stack's own hosts, and whether a browser sends cookies for them. @default no CORS */
  readonly cors?: { readonly foreign: readonly string[]; readonly credentials: boolean };
  /** Who may come, and how they prove who they are. @default everybody */
  readonly access?: {
    readonly sources: readonly string[];
    readonly secondProof: boolean;
    /** Where there is no second proof. */
    readonly reason?: string;
  };
}

export interface ServiceFacts {
  readonly resource: string;
  readonly name: string;
  /** Plain variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether it is on `internal` beside its routes although it uses neither the database nor the cache. */
  readonly internalByChoice: boolean;
  /** How long the engine takes to notice that it hangs, in seconds. Absent for jobs and the migration, which end. */
  readonly hangSeconds?: number;
  /** Of its keys in Redis. Empty without a cache. */
  readonly keyPrefixes: readonly string[];
}

/** What the database of a stack that has one is set to. */
export interface DatabaseSettings {
  /** Of `app_rw`, in milliseconds; 0 is no end. */
  readonly statementTimeoutMs: number;
  readonly idleInTransactionTimeoutMs: number;
  /** By role. */
  readonly connections: Readonly<Record<string, number>>;
  readonly elevationMaximumHours: number;
  readonly backups:
    | false
    | {
        /** Days; false is none on a schedule. */
        readonly drillEveryDays: number | false;
        readonly keep: { readonly daily: number; readonly weekly: number; readonly monthly: number };
        readonly maxAgeHours: number;
      };
  /** What tenancy leaves out, in all databases. @default no tenancy */
  readonly tenancy?: {
    readonly shared: readonly string[];
    readonly exceptions: readonly { readonly object: string; readonly reason: string }[];
  };
}

export interface SettingFacts {
  readonly routes: readonly RouteFacts[];
  /** Jobs and the migration among them. */
  readonly services: readonly ServiceFacts[];
  /** Of the edge, at a time: of one client and of all. */
  readonly connections: { readonly perClient: number; readonly total: number };
  readonly trustedProxies: readonly string[];
  /** Images in the place of Rampart's own, and those. */
  readonly images: readonly { readonly role: string; readonly reference: string; readonly pin: string }[];
  /** That images are pulled from, sorted. */
  readonly registries: readonly string[];
  /** The most that one container's logs take, in MiB. */
  readonly logMiB: number;
  /** Nobody measures, alerts are only shown, or somebody is told. */
  readonly alerts: "none" | "shown" | "sent";
  /** Absent without a database. */
  readonly database?: DatabaseSettings;
}
