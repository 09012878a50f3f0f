'use client'

import { ApiProblem } from '@/components/data/api'
import { SimulatedAnswer } from '@/components/routes/simulator/simulated-answer'
import type { SimulatedTarget } from '@/lib/contract/simulation'
import { formatUsdPrecise } from '@/lib/format/money'
import type { ChatBody } from './chat-request'
import { useEstimate } from './use-estimate'

/** Before anything is sent: who would answer, what it might cost at most, and why. */
export function Estimate({
  routeId,
  body,
  keyId,
}: {
  routeId: string | null
  body: ChatBody | null
  keyId: string | null
}) {
  const { data, error, isFetching } = useEstimate(routeId, body, keyId)
  if (body === null) {
    return <p className="text-sm text-muted">The answer comes here. Write a message, then send it.</p>
  }
  if (error) {
    const why = error instanceof ApiProblem ? error.detail : 'Something went wrong in the browser.'
    return <p className="text-sm text-muted">Who would answer is not known now: {why}</p>
  }
  if (!data) {
    return (
      <p className="text-sm text-muted">
        {isFetching ? 'Asking who would answer' : 'Nothing is sent until you say so.'}
      </p>
    )
  }
  const { target } = data
  return (
    <div className="flex flex-col gap-2 text-sm">
      <p>{target ? <Expected target={target} /> : 'Nobody can be asked now.'}</p>
      <details>
        <summary className="font-medium">Why, and what would count it</summary>
        <div className="pt-2">
          <SimulatedAnswer simulation={data} />
        </div>
      </details>
    </div>
  )
}

function Expected({ target: { model, providerName, estimatedCostUsd } }: { target: SimulatedTarget }) {
  return (
    <>
      <span className="font-mono text-xs">{model}</span> at {providerName} would answer
      {estimatedCostUsd === null ? (
        '; the model has no price.'
      ) : (
        <>
          {' '}
          for at most about <span className="tabular-nums">{formatUsdPrecise(estimatedCostUsd)}</span>.
        </>
      )}
    </>
  )
}
