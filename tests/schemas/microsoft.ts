// What the sandbox's Graph serves, in Microsoft's own published types. .ci/run makes a JSON schema
// of it with ts-json-schema-generator; tests/sandbox/test_microsoft_schema.py holds answers to it.
import type {
  Calendar,
  Event,
  EventMessageRequest,
  MailFolder,
  Message,
  User,
} from "@microsoft/microsoft-graph-types";

export interface Served {
  calendar: Calendar;
  event: Event;
  eventMessageRequest: EventMessageRequest;
  mailFolder: MailFolder;
  message: Message;
  user: User;
}
