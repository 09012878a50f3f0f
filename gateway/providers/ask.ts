/** A small exchange with a provider besides its calls: by the same connector and credentials, its answer whole. */
import type { Clock } from '../clock.ts'
import { ByteCollector } from '../codec/byte-collector.ts'
import {
  type Upstream,
  UpstreamError,
  type UpstreamExchange,
  type UpstreamHeaders,
} from '../upstream/upstream.ts'
import { type Endpoint, type EndpointCall, requestTo, USER_AGENT } from './endpoint.ts'
import { failureOfConnection, timedOut, type VendorFailure } from './vendor-failure.ts'

const MAX_BODY_BYTES = 4 * 1024 * 1024

export interface ProviderAnswer {
  /** Null when there was none. */
  readonly status: number | null
  readonly headers: UpstreamHeaders
  readonly body: Buffer
  /** Why the exchange did not come to its end; a status is none. */
  readonly failure: VendorFailure | null
}

export interface Asking extends Pick<EndpointCall, 'method' | 'path' | 'body'> {
  readonly endpoint: Endpoint
  readonly upstream: Upstream
  readonly clock: Clock
  /** Monotonic milliseconds. */
  readonly deadline: number
  /** The credential's place in the provider's list. */
  readonly credential: number
}

/** Never rejects. */
export function askProvider(asking: Asking): Promise<ProviderAnswer> {
  const { endpoint, upstream, clock, deadline, credential, method, path, body } = asking
  return new Promise((resolve) => {
    const answer = {
      status: null as number | null,
      headers: {} as UpstreamHeaders,
      body: new ByteCollector(),
    }
    const finish = (failure: VendorFailure | null) => {
      clearTimeout(timer)
      resolve({ status: answer.status, headers: answer.headers, body: answer.body.join(), failure })
    }
    const headers: Record<string, string> = {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': USER_AGENT,
    }
    if (body) headers['content-type'] = 'application/json'
    // Our own guard may say no before `dispatch` returns: then there is nothing to give up.
    const running: { exchange: UpstreamExchange | null } = { exchange: null }
    const timer = setTimeout(
      () => {
        running.exchange?.abort()
        finish(
          timedOut(endpoint, `The provider ${endpoint.entity.name} did not answer in time.`, answer.status),
        )
      },
      Math.max(1, deadline - clock.monotonic()),
    )
    running.exchange = (endpoint.simulated ?? upstream).dispatch(
      requestTo(endpoint, { method, path, headers, body }, credential),
      {
        onHeaders(status, told) {
          answer.status = status
          answer.headers = told
        },
        onData(chunk) {
          if (answer.body.length + chunk.length <= MAX_BODY_BYTES) return answer.body.add(chunk)
          running.exchange?.abort()
          finish(failureOfConnection(endpoint, new UpstreamError('tooLarge', 'too large'), answer.status))
        },
        onEnd: () => finish(null),
        onError: (error) => finish(failureOfConnection(endpoint, error, answer.status)),
      },
    )
  })
}
