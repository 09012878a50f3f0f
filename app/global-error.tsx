'use client'

import './globals.css'

/** The last resort, when the frame itself failed: it replaces the whole document. */
export default function GlobalError({ reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <main className="mx-auto flex min-h-dvh max-w-md flex-col items-start justify-center gap-3 px-6">
          <h1 className="text-xl font-semibold">The console stumbled</h1>
          <p className="text-muted">Something went wrong while it was drawn. Nothing was changed.</p>
          <button
            type="button"
            onClick={reset}
            className="h-8 rounded-control bg-accent px-3 text-sm font-medium text-accent-fg"
          >
            Try again
          </button>
        </main>
      </body>
    </html>
  )
}
