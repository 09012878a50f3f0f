import type { Metadata } from 'next'
import { LimitsScreen } from '@/components/limits/limits-screen'

export const metadata: Metadata = { title: 'Limits' }

export default function Page() {
  return <LimitsScreen />
}
