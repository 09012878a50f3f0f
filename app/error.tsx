'use client'

import { ErrorState } from '@/components/ui/states'

export default function PageError({
  error,
  reset,
}: {
  error: Error & { digest?: string }
  reset: () => void
}) {
  return (
    <ErrorState
      title="This page stumbled"
      detail="Something went wrong while it was shown. Nothing was changed. Try again, or reload the page."
      requestId={error.digest}
      onRetry={reset}
    />
  )
}
