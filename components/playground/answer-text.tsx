import { formatDuration } from '@/lib/format/duration'
import { isBegun } from './answer'
import { ToolCalls } from './tool-calls'
import type { Run } from './use-runs'

const FINISHES: Readonly<Record<string, string>> = {
  length: 'It ended at the largest output.',
  content_filter: 'The vendor’s filter ended it.',
}

/** The answer as it comes. What is said to those who listen is that it has come, not each of its words. */
export function AnswerText({ run }: { run: Run }) {
  const { phase, answer, timing } = run
  const finish = FINISHES[answer.finishReason ?? '']
  return (
    <div className="flex min-w-0 flex-col gap-2">
      {answer.reasoning === '' ? null : (
        <details>
          <summary className="text-sm font-medium text-muted">Reasoning</summary>
          <p className="pt-1 text-sm break-words whitespace-pre-wrap text-muted">{answer.reasoning}</p>
        </details>
      )}
      {phase === 'waiting' || (phase === 'answering' && !isBegun(answer)) ? (
        <p className="text-sm text-muted animate-pulse-soft">Waiting for the first token</p>
      ) : null}
      {answer.text === '' ? null : (
        <p data-testid="answer" className="break-words whitespace-pre-wrap">
          {answer.text}
        </p>
      )}
      {answer.refusal === '' ? null : (
        <p className="text-sm break-words whitespace-pre-wrap">
          <span className="font-medium">It refused: </span>
          {answer.refusal}
        </p>
      )}
      <ToolCalls calls={answer.toolCalls} />
      {phase === 'done' && !isBegun(answer) ? (
        <p className="text-sm text-muted">The answer is empty.</p>
      ) : null}
      <p role="status" className="text-sm text-muted empty:hidden">
        {phase === 'stopped' ? 'Stopped. What had come until then is booked.' : null}
        {phase === 'done'
          ? (finish ?? (
              <span className="sr-only">
                Answered in {formatDuration((timing.endedAt ?? 0) - timing.startedAt)}.
              </span>
            ))
          : null}
      </p>
    </div>
  )
}
