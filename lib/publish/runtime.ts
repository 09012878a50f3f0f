/** What an admin process has one of: its LISTEN connection, its feed, the streams of its gateways, open questions. */
import 'server-only'
import { pool } from '../server/db.ts'
import { env } from '../server/env.ts'
import { singleton } from '../server/singleton.ts'
import { WATCH_CHANNEL } from './channels.ts'
import { createFeed, type Feed } from './feed.ts'
import { createListener, type Listener } from './listener.ts'
import { createQuestions, type Questions } from './questions.ts'
import { createStreams, type Streams } from './streams.ts'

/** Longer than whoever looks takes to ask again. */
const WATCH_FOR_MS = 15_000

export interface PublishingRuntime {
  readonly listener: Listener
  readonly feed: Feed
  readonly streams: Streams
  readonly questions: Questions
  close(): Promise<void>
}

/** Made at the first use; several in one process (a test of two admins) are made by hand. */
export function publishingRuntime(): PublishingRuntime {
  return singleton('publishing', () => createRuntime(env.databaseUrl))
}

export function createRuntime(connectionString: string): PublishingRuntime {
  const listener = createListener(connectionString)
  const feed = createFeed(pool, listener)
  const streams = createStreams(pool, feed)
  const questions = createQuestions(pool, listener, streams)
  listener.on(WATCH_CHANNEL, () => {
    for (const gatewayId of streams.connected())
      streams.send(gatewayId, { kind: 'watch', forMs: WATCH_FOR_MS })
  })
  return {
    listener,
    feed,
    streams,
    questions,
    async close() {
      questions.close()
      streams.close()
      feed.close()
      await listener.close()
    },
  }
}
