"""`python -m proxy` is `decision-proxy`."""

from proxy.cli import main

raise SystemExit(main())
