/** Who may call what: certificates in use, the roles that their names give, and the check. */
@NullMarked
package dev.varve.node.tls;

import org.jspecify.annotations.NullMarked;
