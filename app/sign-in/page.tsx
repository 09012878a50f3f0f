import type { Metadata } from 'next'
import { Suspense } from 'react'
import { Mark } from '@/components/shell/mark'
import { SignInForm } from '@/components/shell/sign-in-form'

export const metadata: Metadata = { title: 'Sign in' }

export default function SignInPage() {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-sm flex-col justify-center px-6 pb-24">
      <div className="mb-8 flex flex-col gap-3">
        <Mark className="size-8" />
        <h1 className="text-xl font-semibold">Sign in to Gatehouse</h1>
      </div>
      <Suspense>
        <SignInForm />
      </Suspense>
      <p className="mt-6 text-sm text-muted">
        The first account and its password were printed when Gatehouse started for the first time.
      </p>
    </main>
  )
}
