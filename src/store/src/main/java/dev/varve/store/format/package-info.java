/** The bytes on disk: records, hints, run lists and segment names. Pure codecs, no policy. */
@NullMarked
package dev.varve.store.format;

import org.jspecify.annotations.NullMarked;
