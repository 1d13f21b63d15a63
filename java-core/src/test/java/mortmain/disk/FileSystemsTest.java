package mortmain.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** File systems whose locks and forces cannot be relied on are refused. */
class FileSystemsTest {
  @Test
  void networkAndUserSpaceFileSystemsAreRefused() {
    for (String type : List.of("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse", "fuseblk", "fuse.sshfs", "NFS", "virtiofs")) {
      assertTrue(FileSystems.refused(type), type);
    }
    for (String type : List.of("ext4", "xfs", "btrfs", "zfs", "apfs", "tmpfs", "overlay", "NTFS")) {
      assertFalse(FileSystems.refused(type), type);
    }
  }

  @Test
  void aRefusedFileSystemMayBeAllowed(@TempDir Path directory) throws IOException {
    FileSystems.requireLocal(directory, true);
    assertEquals("nfs", new FileSystems.RemoteFileSystem(directory, "nfs").type());
  }
}
