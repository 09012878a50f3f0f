/**
 * The control channel between a gateway and an admin (design, section 3). The gateway dials:
 *
 * - `GET /api/control/stream?…streamQuery` — newline-delimited JSON, one `controlMessage` a line, for as long as both live
 * - `POST /api/control/ack` — `acknowledgement`
 * - `POST /api/control/lease` — `leaseRenewal`, every 3 s
 * - `POST /api/control/usage` — `usageBatch` → `usageReceipt`
 * - `POST /api/control/spent` — `spentQuery` → `spentAnswer`
 * - `POST /api/control/probe` — `probeResult`, the answer to a `probe` message
 * - `POST /api/control/simulation` — `simulationResult`, the answer to a `simulate` message
 *
 * Every request carries `Authorization: Bearer <GATEHOUSE_GATEWAY_TOKEN>`; 401 without.
 */
import { z } from 'zod'
import { entity, providerEntity } from './entities.ts'
import { picoText } from './money.ts'
import { policyScope } from './policy.ts'
import { simulatedCall, simulation } from './simulation.ts'
import { usageEvent } from './usage-event.ts'

/** What this build speaks. A gateway sends it with every request. */
export const PROTOCOL_VERSION = 1
/** The oldest gateway that this admin takes; an older one is refused, with a reason. */
export const OLDEST_PROTOCOL = 1

export const LEASE_MS = 10_000
/** A gateway whose lease ran out still counts in `x-gatehouse-applied: n/m` for this long. */
export const SILENT_COUNTS_MS = 60_000
export const LEASE_RENEW_MS = 3_000
/** The stream carries a `ping` this often; a side that hears nothing for three of them hangs up. */
export const PING_MS = 3_000
/** How long a mutating management call waits for the gateways. */
export const ACK_WAIT_MS = 250

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const epoch = z.string().min(1).max(64)
const revision = z.int().min(0)
const gatewayId = z.string().regex(/^gw_[0-9a-z]{16,40}$/)

export const streamQuery = z.object({
  gatewayId,
  protocol: z.coerce.number().int(),
  /** The build of the gateway, for people. */
  version: z.string().max(60),
  hostname: z.string().max(255),
  /** What the gateway runs now; absent when it has nothing. */
  epoch: epoch.optional(),
  revision: z.coerce.number().int().min(0).optional(),
})
export type StreamQuery = z.infer<typeof streamQuery>

export const change = z.discriminatedUnion('op', [
  z.object({ op: z.literal('put'), entity }),
  z.object({ op: z.literal('delete'), type: z.string(), id: z.string() }),
])
export type Change = z.infer<typeof change>

/** A gateway that speaks an older version refuses the revision: it would not do what it says. */
const minProtocol = z.int().optional()

export const changeSet = z.object({
  kind: z.literal('changes'),
  epoch,
  from: revision,
  to: revision,
  changes: z.array(change),
  /** Of the whole configuration after these changes; see content-hash. */
  hash,
  minProtocol,
})
export type ChangeSet = z.infer<typeof changeSet>

export const snapshot = z.object({
  kind: z.literal('snapshot'),
  epoch,
  revision,
  hash,
  minProtocol,
  /** In the order of `ENTITY_ORDER`. */
  entities: z.array(entity),
})
export type Snapshot = z.infer<typeof snapshot>

export const controlMessage = z.discriminatedUnion('kind', [
  snapshot,
  changeSet,
  /** `currentRevision` lets a gateway know how far behind it is, `hash` whether it holds the same there. */
  z.object({ kind: z.literal('ping'), epoch, currentRevision: revision, hash: hash.optional() }),
  /** "Test connection": reach this provider by the production code path and tell what came of it. */
  z.object({
    kind: z.literal('probe'),
    probeId: z.string().max(64),
    provider: providerEntity,
    /** Absent: list models only. Else one call of at most 16 output tokens, outside the books of any team. */
    model: z.string().max(200).optional(),
    timeoutMs: z.int().min(100).max(60_000),
  }),
  /** What would become of this call? Nothing is sent to a vendor. */
  z.object({ kind: z.literal('simulate'), askId: z.string().max(64), call: simulatedCall }),
  /** Somebody looks at what is held and counted: renew the lease as that changes, every second at most, for so long. */
  z.object({ kind: z.literal('watch'), forMs: z.int().min(0).max(60_000) }),
  /** The admin will not serve this gateway; it keeps what it has and dials again after a minute. */
  z.object({ kind: z.literal('refused'), reason: z.string() }),
])
export type ControlMessage = z.infer<typeof controlMessage>

export const acknowledgement = z.object({
  gatewayId,
  epoch,
  revision,
  hash,
  status: z.enum(['applied', 'refused']),
  /** For people, when refused: what and where. */
  reason: z.string().max(2_000).optional(),
})
export type Acknowledgement = z.infer<typeof acknowledgement>

export const probeResult = z.object({
  gatewayId,
  probeId: z.string().max(64),
  ok: z.boolean(),
  message: z.string().max(2_000),
  status: z.int().nullable(),
  code: z.string().max(60).nullable(),
  latencyMs: z.int().min(0),
  models: z.array(z.string().max(200)).max(200),
})
export type ProbeResult = z.infer<typeof probeResult>

export const simulationResult = z.object({
  gatewayId,
  askId: z.string().max(64),
  /** Null, and `problem` says why, when there is nothing to say. */
  simulation: simulation.nullable(),
  problem: z.object({ message: z.string().max(2_000), param: z.string().max(200).nullable() }).nullable(),
})
export type SimulationResult = z.infer<typeof simulationResult>

/** So many limits are told with a lease at most. */
export const MAX_NEAR = 200

/** So many targets, and targets of routes, are told with a lease at most. */
export const MAX_TARGETS = 300
export const MAX_SHARES = 500
export const breakerState = z.enum(['closed', 'open', 'halfOpen'])
/** So many credentials, and checks of servers, are told with a lease at most. */
export const MAX_CREDENTIALS = 500
export const MAX_CHECKS = 300
export const credentialState = z.enum(['ready', 'resting', 'refused'])

export const leaseRenewal = z.object({
  gatewayId,
  protocol: z.int(),
  version: z.string().max(60),
  hostname: z.string().max(255),
  /** Epoch milliseconds. */
  startedAt: z.int(),
  epoch: epoch.nullable(),
  revision: revision.nullable(),
  hash: hash.nullable(),
  url: z.string().max(500).nullable(),
  state: z.enum(['starting', 'ready', 'draining']),
  inFlight: z.int().min(0),
  journal: z.object({
    unshippedEvents: z.int().min(0),
    unshippedBytes: z.int().min(0),
    openIntents: z.int().min(0),
    /** Whether new calls are taken: false while the journal is full or can't be written. Absent: an older gateway. */
    accepting: z.boolean().optional(),
  }),
  /** Money that calls in flight hold in budgets; what isn't there is nothing. Absent from a gateway older than budgets. */
  held: z
    .array(
      z.object({
        budgetId: z.string().max(120),
        subject: z.string().max(300),
        startMs: z.int().min(0),
        heldPicoUsd: picoText,
      }),
    )
    .max(1_000)
    .optional(),
  /** Of limits, those nearest to their end: what counts now, in the unit of the limit. Absent from an older gateway. */
  near: z
    .array(z.object({ limitId: z.string().max(120), subject: z.string().max(300), used: picoText }))
    .max(MAX_NEAR)
    .optional(),
  /** How targets do, over the last half minute. Absent from an older gateway. */
  targets: z
    .array(
      z.object({
        providerId: z.string().max(120),
        model: z.string().max(200),
        state: breakerState,
        calls: z.int().min(0),
        failed: z.int().min(0),
        /** Median of the last answers: to the first token of streams, of the whole of others. */
        firstTokenMs: z.int().min(0).nullable(),
        inFlight: z.int().min(0),
        /** Epoch milliseconds: until then it gets no call, or only for want of any other. */
        outUntilMs: z.int().nullable(),
      }),
    )
    .max(MAX_TARGETS)
    .optional(),
  /** How the credentials of providers do, over the last half minute. Absent from an older gateway. */
  credentials: z
    .array(
      z.object({
        providerId: z.string().max(120),
        /** The provider's `credentialsVersion`: of other credentials it says nothing. */
        version: z.string().max(200),
        /** In the provider's list, from 0. */
        position: z.int().min(0),
        state: credentialState,
        /** Epoch milliseconds: until then no call goes with it, at least none for one of its models. */
        untilMs: z.int().nullable(),
        /** The vendor's status or code when it refused or limited it. */
        code: z.string().max(200).nullable(),
        calls: z.int().min(0),
        failed: z.int().min(0),
      }),
    )
    .max(MAX_CREDENTIALS)
    .optional(),
  /** What the last check of a server said, where its provider asks for checks. Absent from an older gateway. */
  checks: z
    .array(
      z.object({
        providerId: z.string().max(120),
        ok: z.boolean(),
        /** Whether it failed often enough to take the provider's targets out. Absent: an older gateway. */
        isDown: z.boolean().optional(),
        /** Epoch milliseconds. */
        atMs: z.int(),
        latencyMs: z.int().min(0),
        /** For people. */
        message: z.string().max(500),
      }),
    )
    .max(MAX_CHECKS)
    .optional(),
  /** Tries that each route made at its targets in the last half minute. Absent from an older gateway. */
  shares: z
    .array(
      z.object({
        routeId: z.string().max(120),
        providerId: z.string().max(120),
        model: z.string().max(200),
        calls: z.int().min(0),
      }),
    )
    .max(MAX_SHARES)
    .optional(),
  /** Resident memory and event-loop delay, for the gateways page. */
  rssBytes: z.int().min(0),
  loopDelayP99Ms: z.number().min(0),
  /**
   * `shared`: it asks for the lease on the counters. Any other word needs none, and gives up one that was held:
   * `independent`, `none` (it ends). Absent from a gateway that knows of no lease.
   */
  counters: z.string().max(20).optional(),
})
export type LeaseRenewal = z.infer<typeof leaseRenewal>

/** The answer to a renewal; an admin that knows of no lease on the counters answers 204. */
export const leaseAnswer = z.object({
  counters: z.object({
    held: z.boolean(),
    /** For people, when another gateway holds them. */
    reason: z.string().max(500).nullable(),
  }),
})
export type LeaseAnswer = z.infer<typeof leaseAnswer>

export const MAX_BATCH_EVENTS = 1_000

export const usageBatch = z.object({
  gatewayId,
  /** Consecutive in `sequence`. */
  events: z.array(usageEvent).min(1).max(MAX_BATCH_EVENTS),
})
export type UsageBatch = z.infer<typeof usageBatch>

/** Sent once the batch is committed. The gateway may forget all events up to `committedSequence`. */
export const usageReceipt = z.object({ committedSequence: z.int().min(0) })
export type UsageReceipt = z.infer<typeof usageReceipt>

/** Asked by a gateway to which budgets are new: what has their scope spent in this period? */
export const spentQuery = z.object({
  gatewayId,
  budgets: z
    .array(
      z.object({
        id: z.string().max(120),
        scope: policyScope,
        /** [startMs, endMs) in epoch milliseconds, by the arrival of a call; null: without end. */
        startMs: z.int().min(0),
        endMs: z.int().nullable(),
      }),
    )
    .min(1)
    .max(1_000),
})
export type SpentQuery = z.infer<typeof spentQuery>

export const spentAnswer = z.object({
  /** The newest event of the asking gateway that the sums hold: of one moment with them. */
  committedSequence: z.int().min(0),
  budgets: z.array(
    z.object({
      id: z.string().max(120),
      subjects: z.array(
        z.object({
          /** As `subjectsOf` names it. */
          subject: z.string().max(300),
          spentPicoUsd: picoText,
          /** Held by calls that a crash cut and whose cost nobody knows. */
          heldPicoUsd: picoText,
        }),
      ),
    }),
  ),
})
export type SpentAnswer = z.infer<typeof spentAnswer>
