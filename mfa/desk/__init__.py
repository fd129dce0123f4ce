"""The help desk: what admins, helpdesk and auditors see of people, and what they may do to whom."""
