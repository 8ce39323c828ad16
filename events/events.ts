/**
 * The events that Poolpost publishes on an EventBridge bus. Each is the `detail` of an event that
 * your function, queue, topic, state machine or server gets. Copy this file; it depends on nothing.
 */

/** What arrives: EventBridge's envelope around the event. */
export interface Envelope {
  source: string // "poolpost", or "poolpost.redrive." and the name of your hook
  'detail-type': string // the type of the event
  detail: Event
}

export type Event = UserEvent | MailEvent

interface Common {
  /** Higher when a member is removed or changes its meaning. */
  version: 1
  /** A UUID, the same when the event comes again. */
  id: string
  /** When it happened, in UTC: "2026-11-30T21:04:00.123Z". */
  time: string
  userPoolId: string
  /** The app client. */
  clientId?: string
  /** The user. */
  sub?: string
  /** One of your settings, such as "en". */
  locale?: string
}

export interface UserEvent extends Common {
  type: 'user.confirmed' | 'user.password-changed' | 'user.invitation-accepted'
  /** Those that hooks.attributes lists, by their names in Cognito. */
  attributes?: Record<string, string>
}

export interface MailEvent extends Common {
  type: 'mail.bounced' | 'mail.complained'
  /** What SES says, in its words. */
  mail: {
    messageId: string
    /** Of message, such as "welcome". */
    kind?: string
    bounceType?: 'Permanent' | 'Transient' | 'Undetermined'
    bounceSubType?: string
    complaintType?: string
    complaintSubType?: string
    /** Of a bounce, such as "5.1.1" (RFC 3463). */
    status?: string
  }
}
