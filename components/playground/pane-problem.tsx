import { Callout } from '@/components/ui/callout'
import { RequestId } from '@/components/ui/states'
import { formatDuration } from '@/lib/format/duration'
import type { CallProblem } from './call-route'

/** The gateway's own words, its code, and what to do. */
export function PaneProblem({ problem, begun }: { problem: CallProblem; begun: boolean }) {
  const { status, code, message, advice, retryAfterSeconds, requestId } = problem
  return (
    <Callout
      tone="danger"
      role="alert"
      title={
        <>
          {begun ? 'It broke off' : 'No answer'}
          {status === null && code === null ? null : (
            <code className="ml-2 font-mono text-xs font-normal">
              {[status, code].filter(Boolean).join(' ')}
            </code>
          )}
        </>
      }
    >
      <p className="break-words">{message}</p>
      {advice === null ? null : <p className="mt-1 text-muted">{advice}</p>}
      {retryAfterSeconds === null ? null : (
        <p className="mt-1 text-muted">Try again in {formatDuration(retryAfterSeconds * 1_000)}.</p>
      )}
      <div className="mt-1">
        <RequestId id={requestId} />
      </div>
    </Callout>
  )
}
