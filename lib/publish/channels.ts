/** NOTIFY channels. What they carry is small and repeatable: a lost notification costs time, never a change. */

/** The number of a new revision. */
export const CONFIG_CHANNEL = 'gatehouse_config'
/** A gateway acknowledged, refused, or changed its state: `GatewayNotice`. */
export const ACK_CHANNEL = 'gatehouse_ack'
/** Ids of calls that were booked, without dashes, comma-separated. */
export const CALLS_CHANNEL = 'gatehouse_calls'
/** Ids of alerts of budgets that were raised, each by itself. */
export const ALERTS_CHANNEL = 'gatehouse_alerts'
/** The id of a gateway that told another state of what is held and counted. */
export const STANDINGS_CHANNEL = 'gatehouse_standings'
/** Somebody looks at what is held and counted: gateways are asked to tell it as it changes. */
export const WATCH_CHANNEL = 'gatehouse_watch'
/** Calls were priced again: whatever shows money is to be read anew. */
export const REPRICED_CHANNEL = 'gatehouse_repriced'
/** A question for whichever admin has a gateway, sealed; in pieces (see pieces.ts). */
export const QUESTION_CHANNEL = 'gatehouse_question'
/** What the gateway said, for the admin that waits; in pieces. */
export const ANSWER_CHANNEL = 'gatehouse_answer'

export const CHANNELS = [
  CONFIG_CHANNEL,
  ACK_CHANNEL,
  CALLS_CHANNEL,
  ALERTS_CHANNEL,
  STANDINGS_CHANNEL,
  WATCH_CHANNEL,
  REPRICED_CHANNEL,
  QUESTION_CHANNEL,
  ANSWER_CHANNEL,
] as const
export type Channel = (typeof CHANNELS)[number]

/** Postgres takes payloads below 8,000 bytes. */
export const MAX_PAYLOAD_BYTES = 7_000
